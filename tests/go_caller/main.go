// A service written in Go: its workflow has documents executed by a runner, and one of its activities is called by them.
//
//	go-caller ADDRESS
//
// It ends with 0 when everything came as the contract says, else it says what did not.
package main

import (
	"context"
	"fmt"
	"os"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	execution "stigmer.test/go-caller/contract/ai/stigmer/agentic/workflowexecution/v1"
	runner "stigmer.test/go-caller/contract/ai/stigmer/agentic/workflowrunner/v1"
)

const (
	runnerQueue = "workflow_execution_runner"
	greeters    = "go-greeters"
)

// Greeting is what Greet gives: plain JSON to everybody else.
type Greeting struct {
	Text    string `json:"text"`
	Letters int    `json:"letters"`
}

// Greet is called by documents, with `call: activity`.
func Greet(_ context.Context, name string, excited bool) (Greeting, error) {
	text := "Hello, " + name
	if excited {
		text += "!"
	}
	return Greeting{Text: text, Letters: len(text)}, nil
}

// CallStigmer is a workflow of this service that has a document executed.
func CallStigmer(ctx workflow.Context, input *runner.WorkflowExecuteInput) (*execution.WorkflowExecutionStatus, error) {
	var status execution.WorkflowExecutionStatus
	ctx = workflow.WithActivityOptions(ctx, activityOptions())
	err := workflow.ExecuteActivity(ctx, "ExecuteWorkflow", input).Get(ctx, &status)
	return &status, err
}

// encodings are the two in which the SDK may send protobuf; either reads both.
func encodings() map[string]converter.DataConverter {
	text, binary := converter.NewProtoJSONPayloadConverter(), converter.NewProtoPayloadConverter()
	compose := func(first, second converter.PayloadConverter) converter.DataConverter {
		return converter.NewCompositeDataConverter(
			converter.NewNilPayloadConverter(), converter.NewByteSlicePayloadConverter(),
			first, second, converter.NewJSONPayloadConverter(),
		)
	}
	return map[string]converter.DataConverter{
		text.Encoding():   compose(text, binary),
		binary.Encoding(): compose(binary, text),
	}
}

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address string) error {
	for encoding, data := range encodings() {
		if err := runIn(ctx, address, encoding, data); err != nil {
			return fmt.Errorf("%s: %w", encoding, err)
		}
		fmt.Printf("%s: executions are asked for and answered, and their documents call activities in Go\n", encoding)
	}
	return nil
}

func runIn(ctx context.Context, address, encoding string, data converter.DataConverter) error {
	temporal, err := client.Dial(client.Options{HostPort: address, DataConverter: data, Logger: quiet{}})
	if err != nil {
		return err
	}
	defer temporal.Close()
	callers := "go-callers-" + encoding
	calling := worker.New(temporal, callers, worker.Options{})
	calling.RegisterWorkflow(CallStigmer)
	greeting := worker.New(temporal, greeters, worker.Options{})
	greeting.RegisterActivity(Greet)
	for _, starting := range []worker.Worker{calling, greeting} {
		if err := starting.Start(); err != nil {
			return err
		}
		defer starting.Stop()
	}
	return check(ctx, temporal, callers, encoding)
}
