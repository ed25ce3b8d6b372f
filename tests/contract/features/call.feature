Feature: Calls over HTTP

  Scenario: The content of a response is the output
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: call-content, version: '1.0.0'}
      do:
        - findPets:
            call: http
            with:
              method: get
              endpoint: https://petstore.swagger.io/v2/pet/findByStatus
              query: {status: '${ .wanted }'}
            output: {as: '[.[] | {id, name}]'}
      """
    And given the workflow input is:
      """yaml
      wanted: available
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      - {id: 1, name: Rex}
      - {id: 2, name: Bello}
      """

  Scenario: A response as a whole
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: call-response, version: '1.0.0'}
      do:
        - getPet:
            call: http
            with:
              method: GET
              endpoint: {uri: 'https://petstore.swagger.io/v2/pet/{petId}'}
              headers: {X-Trace: '${ "t-" + (.petId | tostring) }'}
              output: response
      """
    And given the workflow input is:
      """json
      {"petId": 3}
      """
    When the workflow is executed
    Then the workflow should complete
    And the workflow output should have properties 'request.method', 'request.uri', 'request.headers', 'headers'
    And the workflow output should have a 'statusCode' property with value:
      """yaml
      200
      """
    And the workflow output should have a 'request.uri' property with value:
      """yaml
      https://petstore.swagger.io/v2/pet/3
      """
    And the workflow output should have a 'request.headers.X-Trace' property with value:
      """yaml
      t-3
      """
    And the workflow output should have a 'content.tags' property containing 1 items
    And the workflow output should have a 'content.tags.0.name' property with value:
      """yaml
      quiet
      """

  Scenario: The raw body is base64
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: call-raw, version: '1.0.0'}
      do:
        - getText:
            call: http
            with: {method: get, endpoint: 'https://httpbin.org/robots.txt', output: raw}
            output: {as: '{raw: ., text: @base64d}'}
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """json
      {"raw": "VXNlci1hZ2VudDogKgpEaXNhbGxvdzogL2RlbnkK", "text": "User-agent: *\nDisallow: /deny\n"}
      """

  Scenario: A body of literals and expressions
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: call-body, version: '1.0.0'}
      do:
        - addPet:
            call: http
            with:
              method: post
              endpoint: https://petstore.swagger.io/v2/pet
              body:
                name: ${ .name }
                literal: .name
                nested: [1, '${ .tags[0] }', {deep: '${ .tags | length }'}]
      """
    And given the workflow input is:
      """yaml
      name: Luna
      tags: [a, b]
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      name: Luna
      literal: .name
      nested: [1, a, {deep: 2}]
      """

  Scenario: Values in a URI template are escaped, and a missing one is empty
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: call-template, version: '1.0.0'}
      do:
        - echo:
            call: http
            with: {method: get, endpoint: 'https://httpbin.org/anything/{folder}/{missing}end'}
            output: {as: .url}
      """
    And given the workflow input is:
      """yaml
      folder: a/b c
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      https://httpbin.org/anything/a%2Fb%20c/end
      """

  Scenario: An object in a URI template
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: call-template-object, version: '1.0.0'}
      do:
        - echo:
            call: http
            with: {method: get, endpoint: 'https://httpbin.org/anything/{folder}'}
      """
    And given the workflow input is:
      """yaml
      folder: {a: 1}
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://open-workflow-specification.org/spec/1.0.0/errors/expression
      status: 400
      instance: /do/0/echo
      """

  Scenario Outline: Basic authentication with the <kind> password
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: call-basic, version: '1.0.0'}
      use:
        secrets: [password]
      do:
        - getSecured:
            call: http
            with:
              method: get
              endpoint:
                uri: https://httpbin.org/basic-auth/{user}/{password}
                authentication:
                  basic:
                    username: ${ .user }
                    password: ${ $secrets.password }
      """
    And given the workflow input is:
      """yaml
      user: joe
      password: right
      """
    And the secret password is '<given>'
    When the workflow is executed
    Then the workflow should <outcome>
    And getSecured should <outcome>

    Examples:
      | kind  | given | outcome  |
      | right | right | complete |
      | wrong | left  | fault    |

  Scenario: Without authentication the host refuses
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: call-refused, version: '1.0.0'}
      do:
        - getSecured:
            call: http
            with: {method: get, endpoint: 'https://httpbin.org/basic-auth/joe/right'}
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://open-workflow-specification.org/spec/1.0.0/errors/communication
      status: 401
      instance: /do/0/getSecured
      """

  Scenario: A bearer token from a policy by name
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: call-bearer, version: '1.0.0'}
      use:
        authentications:
          byToken: {bearer: {token: '${ .token }'}}
      do:
        - getSecured:
            call: http
            with:
              method: get
              endpoint: {uri: 'https://httpbin.org/bearer', authentication: {use: byToken}}
      """
    And given the workflow input is:
      """yaml
      token: t-1
      """
    When the workflow is executed
    Then the workflow should complete with output:
      """yaml
      authenticated: true
      token: t-1
      """

  Scenario Outline: A redirect with redirect set to <redirect>
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: call-redirect, version: '1.0.0'}
      do:
        - follow:
            call: http
            with:
              method: get
              endpoint: https://httpbin.org/redirect-to
              query: {url: 'https://petstore.swagger.io/v2/pet/1'}
              redirect: <redirect>
      """
    When the workflow is executed
    Then the workflow should <outcome>

    Examples:
      | redirect | outcome  |
      | true     | complete |
      | false    | fault    |

  Scenario: A host that is not there
    Given a workflow with definition:
      """yaml
      document: {dsl: '1.0.3', namespace: own, name: call-unreachable, version: '1.0.0'}
      do:
        - reach:
            call: http
            with: {method: get, endpoint: 'https://nowhere.example.org/'}
      """
    When the workflow is executed
    Then the workflow should fault with error:
      """yaml
      type: https://open-workflow-specification.org/spec/1.0.0/errors/communication
      status: 500
      instance: /do/0/reach
      """
