Feature: Events emitted by the document

  Scenario: The output is the event
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: emit-output, version: '1.0.0'}
      do:
        - tell:
            emit:
              event:
                with:
                  source: https://shop.example
                  type: com.example.shop.order.placed.v1
                  data: {order: '${ .order }', lines: '${ .lines | length }'}
      """
    And given the workflow input is:
      """yaml
      order: 7
      lines: [a, b]
      """
    When the workflow is executed
    Then the workflow should complete
    And the workflow output should have properties 'id', 'source', 'type', 'time', 'data.order'
    And the workflow output should have a 'type' property with value:
      """yaml
      com.example.shop.order.placed.v1
      """
    And the workflow output should have a 'data' property with value:
      """yaml
      order: 7
      lines: 2
      """
    And tell should run first

  Scenario: What is missing is filled in
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: emit-source, version: '1.2.0'}
      do:
        - tell: {emit: {event: {with: {type: com.example.ping}}}}
      """
    When the workflow is executed
    Then the workflow should complete
    And the workflow output should have properties 'id', 'time'
    And the workflow output should have a 'source' property with value:
      """yaml
      /own/emit-source/1.2.0
      """
    And the workflow output should have a 'specversion' property with value:
      """yaml
      '1.0'
      """

  Scenario: Attributes of extensions are kept, and the next task gets the event
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: emit-extension, version: '1.0.0'}
      do:
        - tell: {emit: {event: {with: {type: com.example.ping, traceid: t-1, subject: s}}}}
        - keep: {set: {trace: '${ .traceid }', subject: '${ .subject }'}}
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      trace: t-1
      subject: s
      """
    And tell should run before keep

  Scenario: An event below a condition that does not hold
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: emit-skipped, version: '1.0.0'}
      do:
        - tell: {if: .loud, emit: {event: {with: {type: com.example.ping}}}}
      """
    And given the workflow input is:
      """yaml
      loud: false
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      loud: false
      """
    And tell should be skipped

  Scenario: An expression that fails
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: emit-expression, version: '1.0.0'}
      do:
        - tell: {emit: {event: {with: {type: com.example.ping, data: '${ .text + 1 }'}}}}
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
      instance: /do/0/tell
      """
