Feature: Errors caught, retried and handled

  Scenario: The handler sees the error
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: try-handler, version: '1.0.0'}
      do:
        - tryGetPet:
            try:
              - getPet:
                  call: http
                  with: {method: get, endpoint: 'https://petstore.swagger.io/v2/pet/{petId}'}
            catch:
              errors:
                with:
                  type: https://open-workflow-specification.org/spec/1.0.0/errors/communication
                  status: 404
              as: problem
              do:
                - answer:
                    set: {status: '${ $problem.status }', at: '${ $problem.instance }', wanted: '${ .petId }'}
        - after: {set: '${ . + {after: true} }'}
      """
    And given the workflow input is:
      """yaml
      petId: 99
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      status: 404
      at: /do/0/tryGetPet/try/0/getPet
      wanted: 99
      after: true
      """
    And getPet should fault
    And tryGetPet should complete
    And answer should run after getPet
    And after should run last

  Scenario Outline: The same error type under <spelling>
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: try-aliases, version: '1.0.0'}
      do:
        - attempt:
            try:
              - getPet:
                  call: http
                  with: {method: get, endpoint: 'https://petstore.swagger.io/v2/pet/99'}
            catch:
              errors: {with: {type: <spelling>/communication}}
              do:
                - caught: {set: {caught: true}}
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      caught: true
      """

    Examples:
      | spelling                                                  |
      | https://open-workflow-specification.org/spec/1.0.0/errors |
      | https://serverlessworkflow.io/spec/1.0.0/errors           |
      | https://open-workflow-specification.org/dsl/errors/types  |
      | https://serverlessworkflow.io/dsl/errors/types            |

  Scenario Outline: A catch with <filter> lets the error pass
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: try-passes, version: '1.0.0'}
      do:
        - attempt:
            try:
              - refuse:
                  raise: {error: {type: https://example.org/errors/full, status: 507, title: Full}}
            catch:
              <filter>
              do:
                - never: {set: {reached: true}}
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://example.org/errors/full
      status: 507
      title: Full
      instance: /do/0/attempt/try/0/refuse
      """
    And never should run 0 times
    And attempt should fault

    Examples:
      | filter                                |
      | errors: {with: {status: 500}}         |
      | errors: {with: {status: 507, title: Empty}} |
      | when: $error.status < 500             |
      | exceptWhen: $error.title == "Full"    |

  Scenario: Without a handler the output is the error
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: try-no-handler, version: '1.0.0'}
      do:
        - attempt:
            try:
              - refuse:
                  raise: {error: {type: https://example.org/errors/full, status: 507, title: Full}}
            catch: {then: end}
        - never: {set: {reached: true}}
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      type: https://example.org/errors/full
      status: 507
      title: Full
      instance: /do/0/attempt/try/0/refuse
      """
    And never should run 0 times

  Scenario: Retries are used up before the handler runs, once
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: try-retry, version: '1.0.0'}
      do:
        - attempt:
            try:
              - refuse:
                  raise: {error: {type: https://example.org/errors/busy, status: 503}}
            catch:
              retry:
                delay: {milliseconds: 1}
                backoff: {exponential: {}}
                limit: {attempt: {count: 2}}
              do:
                - giveUp: {set: {gaveUp: '${ $error.status }'}}
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      gaveUp: 503
      """
    And refuse should run 3 times
    And giveUp should run 1 times
    And giveUp should run after refuse

  Scenario: A policy by name, and no handler
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: try-retry-named, version: '1.0.0'}
      use:
        retries:
          once: {delay: {milliseconds: 1}, limit: {attempt: {count: 1}}}
      do:
        - attempt:
            try:
              - refuse:
                  raise: {error: {type: https://example.org/errors/busy, status: 503}}
            catch: {retry: once}
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://example.org/errors/busy
      status: 503
      instance: /do/0/attempt/try/0/refuse
      """
    And refuse should run 2 times

  Scenario: A try that succeeds
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: try-success, version: '1.0.0'}
      do:
        - attempt:
            try:
              - work: {set: {done: '${ .wanted }'}}
            catch:
              do:
                - never: {set: {reached: true}}
      """
    And given the workflow input is:
      """yaml
      wanted: 1
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      done: 1
      """
    And never should run 0 times

  Scenario: An error in the handler leaves the try
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: try-handler-fails, version: '1.0.0'}
      do:
        - outer:
            try:
              - inner:
                  try:
                    - refuse:
                        raise: {error: {type: https://example.org/errors/first, status: 500}}
                  catch:
                    do:
                      - refuseAgain:
                          raise: {error: {type: https://example.org/errors/second, status: 500}}
            catch:
              do:
                - report: {set: {type: '${ $error.type }', at: '${ $error.instance }'}}
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      type: https://example.org/errors/second
      at: /do/0/outer/try/0/inner/catch/do/0/refuseAgain
      """
    And inner should fault
    And outer should complete

  Scenario: A task that takes too long
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: try-timeout, version: '1.0.0'}
      do:
        - attempt:
            try:
              - slow:
                  timeout: {after: {milliseconds: 20}}
                  wait: {hours: 1}
            catch:
              errors: {with: {type: https://open-workflow-specification.org/spec/1.0.0/errors/timeout, status: 408}}
              do:
                - late: {set: {late: true}}
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      late: true
      """
    And slow should fault
