package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	common "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/types/known/structpb"

	execution "stigmer.test/go-caller/contract/ai/stigmer/agentic/workflowexecution/v1"
	runner "stigmer.test/go-caller/contract/ai/stigmer/agentic/workflowrunner/v1"
)

const head = "document: {dsl: 1.0.3, namespace: test, name: called-from-go, version: 1.0.0}\n"

const greetingDocument = head + `
do:
  - greet:
      call: activity
      with: {name: Greet, arguments: ['${ .who }', true], taskQueue: go-greeters}
  - answer: {set: {greeting: '${ .text }', letters: '${ .letters }', region: '${ $runtime.metadata.env.REGION }'}}
`

const failingDocument = head + `
do:
  - refuse: {raise: {error: {type: 'https://example.com/errors/refused', status: 418, title: No tea here}}}
`

// activityOptions are those that docs/runner.md asks callers for.
func activityOptions() workflow.ActivityOptions {
	return workflow.ActivityOptions{
		TaskQueue:           runnerQueue,
		StartToCloseTimeout: 5 * time.Minute,
		HeartbeatTimeout:    30 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 5},
	}
}

func check(ctx context.Context, temporal client.Client, queue, encoding string) error {
	who, err := structpb.NewStruct(map[string]any{"who": "Ann"})
	if err != nil {
		return err
	}
	cases := []struct {
		name  string
		input *runner.WorkflowExecuteInput
		judge func(*execution.WorkflowExecutionStatus, error) error
	}{
		{"greeting", &runner.WorkflowExecuteInput{
			WorkflowYaml: greetingDocument, WorkflowInput: who, EnvVars: map[string]string{"REGION": "eu"},
		}, greeted},
		{"failing", &runner.WorkflowExecuteInput{WorkflowYaml: failingDocument}, failed},
		{"invalid", &runner.WorkflowExecuteInput{WorkflowYaml: head + "do: []\nunknown: 1\n"}, refused},
	}
	for _, known := range cases {
		options := client.StartWorkflowOptions{ID: queue + "-" + known.name, TaskQueue: queue}
		started, err := temporal.ExecuteWorkflow(ctx, options, CallStigmer, known.input)
		if err != nil {
			return err
		}
		var status execution.WorkflowExecutionStatus
		err = started.Get(ctx, &status)
		if err := known.judge(&status, err); err != nil {
			return fmt.Errorf("%s: %w", known.name, err)
		}
		if err := encoded(ctx, temporal, started, encoding); err != nil {
			return fmt.Errorf("%s: %w", known.name, err)
		}
	}
	return nil
}

func greeted(status *execution.WorkflowExecutionStatus, err error) error {
	if err != nil {
		return err
	}
	output := status.GetOutput().AsMap()
	if status.GetPhase() != execution.ExecutionPhase_EXECUTION_COMPLETED ||
		output["greeting"] != "Hello, Ann!" || output["letters"] != 11.0 || output["region"] != "eu" {
		return fmt.Errorf("not the status that was expected: %v", status)
	}
	tasks := status.GetTasks()
	if len(tasks) != 2 || tasks[0].GetTaskName() != "greet" ||
		tasks[0].GetStatus() != execution.WorkflowTaskStatus_WORKFLOW_TASK_COMPLETED ||
		tasks[0].GetOutput().AsMap()["text"] != "Hello, Ann!" {
		return fmt.Errorf("not the tasks that were expected: %v", tasks)
	}
	for _, text := range []string{status.GetStartedAt(), status.GetCompletedAt()} {
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return err
		}
	}
	return nil
}

func failed(status *execution.WorkflowExecutionStatus, err error) error {
	if err != nil {
		return err
	}
	if status.GetPhase() != execution.ExecutionPhase_EXECUTION_FAILED || status.GetError() == "" {
		return fmt.Errorf("not the status that was expected: %v", status)
	}
	return nil
}

func refused(_ *execution.WorkflowExecutionStatus, err error) error {
	var application *temporal.ApplicationError
	if !errors.As(err, &application) || application.Type() != "stigmer/refused" || !application.NonRetryable() {
		return fmt.Errorf("not refused for good, but: %w", err)
	}
	var reason string
	if err := application.Details(&reason); err != nil {
		return err
	}
	if reason != "INVALID_DOCUMENT" {
		return fmt.Errorf("refused for another reason: %s", reason)
	}
	return nil
}

// encoded tells whether question and answer had the encoding that is to be tried, as history has them.
func encoded(ctx context.Context, temporal client.Client, run client.WorkflowRun, encoding string) error {
	events := temporal.GetWorkflowHistory(
		ctx, run.GetID(), run.GetRunID(), false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT,
	)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return err
		}
		for _, payloads := range []*common.Payloads{
			event.GetActivityTaskScheduledEventAttributes().GetInput(),
			event.GetActivityTaskCompletedEventAttributes().GetResult(),
		} {
			for _, payload := range payloads.GetPayloads() {
				if found := string(payload.GetMetadata()["encoding"]); found != encoding {
					return fmt.Errorf("a payload is %s, not %s", found, encoding)
				}
			}
		}
	}
	return nil
}

// quiet drops the log of the SDK.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
