Feature: Loops

  Scenario: Each iteration gets the output of the one before
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: for-chain, version: '1.0.0'}
      do:
        - loop:
            for: {each: color, in: .colors}
            do:
              - mark:
                  set:
                    colors: ${ .colors }
                    seen: '${ (.seen // []) + [{color: $color, at: $index}] }'
      """
    And given the workflow input is:
      """yaml
      colors: [red, green]
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      colors: [red, green]
      seen: [{color: red, at: 0}, {color: green, at: 1}]
      """
    And loop should run first
    And mark should run 2 times
    And mark should complete with output:
      """yaml
      colors: [red, green]
      seen: [{color: red, at: 0}, {color: green, at: 1}]
      """

  Scenario: The names of item and index have defaults and can be chosen
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: for-names, version: '1.0.0'}
      do:
        - outer:
            for: {each: row, at: i, in: '[[1, 2], [3]]'}
            do:
              - inner:
                  for: {in: '${ $row }'}
                  do:
                    - add: {set: '${ . + ["\($i).\($index)=\($item)"] }'}
      """
    And given the workflow input is:
      """json
      []
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      ['0.0=1', '0.1=2', '1.0=3']
      """

  Scenario: While holds back the iteration for which it is false
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: for-while, version: '1.0.0'}
      do:
        - loop:
            for: {each: n, in: '[1, 2, 3, 4]'}
            while: (. | add // 0) < 3
            do:
              - take: {set: '${ . + [$n] }'}
      """
    And given the workflow input is:
      """json
      []
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      [1, 2]
      """
    And take should run 2 times

  Scenario: An empty collection gives the input
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: for-empty, version: '1.0.0'}
      do:
        - loop:
            for: {in: .items}
            do:
              - never: {set: {reached: true}}
      """
    And given the workflow input is:
      """yaml
      items: []
      kept: yes
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      items: []
      kept: 'yes'
      """
    And never should run 0 times

  Scenario Outline: A loop over <collection>
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: for-collections, version: '1.0.0'}
      do:
        - loop:
            for: {in: '<collection>'}
            do:
              - add: {set: '${ . + [$item] }'}
      """
    And given the workflow input is:
      """json
      []
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """json
      <items>
      """

    Examples:
      | collection   | items                                            |
      | 3            | [0, 1, 2]                                        |
      | {z: 1, a: 2} | [{"key": "z", "value": 1}, {"key": "a", "value": 2}] |
      | [null, []]   | [null, []]                                       |

  Scenario: A collection written into the document
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: for-inline, version: '1.0.0'}
      do:
        - loop:
            for:
              each: person
              in:
                - {name: Ann}
                - {name: '${ .guest }'}
            do:
              - greet:
                  set:
                    guest: ${ .guest }
                    names: '${ (.names // []) + [$person.name] }'
            output: {as: .names}
      """
    And given the workflow input is:
      """yaml
      guest: Bob
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      [Ann, Bob]
      """

  Scenario: Nothing to iterate over
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: for-text, version: '1.0.0'}
      do:
        - loop:
            for: {in: .name}
            do:
              - never: {set: {reached: true}}
      """
    And given the workflow input is:
      """yaml
      name: text
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://open-workflow-specification.org/spec/1.0.0/errors/expression
      status: 400
      instance: /do/0/loop
      """
    And loop should fault

  Scenario: Leaving one iteration early
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: for-exit, version: '1.0.0'}
      do:
        - loop:
            for: {each: n, in: '[1, 2, 3]'}
            do:
              - odd:
                  switch:
                    - isOdd: {when: '$n % 2 == 1', then: exit}
              - double: {set: '${ . + [$n * 2] }'}
        - after: {set: '${ . + ["after"] }'}
      """
    And given the workflow input is:
      """json
      []
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      [4, after]
      """
    And double should run 1 times
    And after should run after loop

  Scenario: Ending the workflow from inside a loop
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: for-end, version: '1.0.0'}
      do:
        - loop:
            for: {each: n, in: '[1, 2, 3]'}
            do:
              - take: {set: '${ . + [$n] }', then: end}
        - never: {set: {reached: true}}
      """
    And given the workflow input is:
      """json
      []
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      [1]
      """
    And never should run 0 times
