Feature: Errors raised by the document

  Scenario: An error in place
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: raise-inline, version: '1.0.0'}
      do:
        - prepare: {set: {order: 7}}
        - refuse:
            raise:
              error:
                type: https://example.org/errors/out-of-stock
                status: 409
                title: ${ "Order \(.order)" }
                detail: Nothing left.
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://example.org/errors/out-of-stock
      status: 409
      title: Order 7
      detail: Nothing left.
      instance: /do/1/refuse
      """
    And prepare should complete
    And refuse should fault with error:
      """yaml
      type: https://example.org/errors/out-of-stock
      status: 409
      instance: /do/1/refuse
      """
    And refuse should run last

  Scenario: An error by name, below a loop
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: raise-named, version: '1.0.0'}
      use:
        errors:
          notReady:
            type: https://open-workflow-specification.org/spec/1.0.0/errors/runtime
            status: 500
            title: Not ready
      do:
        - loop:
            for: {in: '[1]'}
            do:
              - refuse: {raise: {error: notReady}}
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://open-workflow-specification.org/spec/1.0.0/errors/runtime
      status: 500
      title: Not ready
      instance: /do/0/loop/for/do/0/refuse
      """
    And refuse should fault
    And loop should fault

  Scenario: A raise that is skipped
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: raise-skipped, version: '1.0.0'}
      do:
        - refuse:
            if: .amount > 100
            raise: {error: {type: https://example.org/errors/too-much, status: 422}}
      """
    And given the workflow input is:
      """yaml
      amount: 99
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      amount: 99
      """
    And refuse should be skipped

  Scenario: An expression that fails
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: raise-expression, version: '1.0.0'}
      do:
        - add: {set: {sum: '${ .text + 1 }'}}
      """
    And given the workflow input is:
      """yaml
      text: one
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://open-workflow-specification.org/spec/1.0.0/errors/expression
      status: 400
      instance: /do/0/add
      """

  Scenario: An input that does not match its schema
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: raise-schema, version: '1.0.0'}
      input:
        schema:
          document: {type: object, required: [id], properties: {id: {type: integer}}}
      do:
        - never: {set: {reached: true}}
      """
    And given the workflow input is:
      """yaml
      id: seven
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://open-workflow-specification.org/spec/1.0.0/errors/validation
      status: 400
      """
    And never should run 0 times
