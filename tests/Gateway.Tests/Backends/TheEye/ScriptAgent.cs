using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SyncCluster.Execution;
using SyncCluster.Execution.Local;
using SyncCluster.Jobs;
using SyncCluster.Json;
using SyncCluster.Scripts;
using SyncCluster.Scripts.Isolation;
using SyncCluster.Tasks;
using SyncCluster.Tasks.Recipes;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>An agent of the stand-in that really runs the scripts of its tasks, by the means and rules of the local executor.</summary>
internal sealed class ScriptAgent : IDisposable
{
    private readonly ScriptRunner _runner = new(new ScriptIsolation(), new LocalExecutorOptions().KillGrace, TimeProvider.System, NullLoggerFactory.Instance);

    /// <summary>A task of TheEye with what this agent needs to run it.</summary>
    /// <param name="id">Its id, 24 hex digits.</param>
    /// <param name="recipe">As TheEye exports it.</param>
    public static TheEyeTask TaskOf(string id, string recipe)
    {
        var parsed = Recipe.TryParse(Encoding.UTF8.GetBytes(recipe), "acme", id, [], TimeProvider.System.GetUtcNow());
        var accepted = Assert.IsType<ParsedRecipe.Accepted>(parsed);
        var task = accepted.Definition;
        return new TheEyeTask
        {
            Id = id,
            Name = task.Name,
            Type = task.Type == SyncCluster.Tasks.TaskType.Dummy ? SyncCluster.TheEye.TaskType.Dummy : SyncCluster.TheEye.TaskType.Script,
            Acl = task.Acl,
            ArgumentCount = task.Arguments.Count(argument => !argument.IsFixed),
            Bind = arguments => Bind(task, arguments),
            Cancellable = task.Cancellable,
            Runas = task.Runas,
            Env = task.Env,
            Timeout = task.Timeout,
            Tag = accepted,
        };
    }

    /// <summary>Runs a job of a task that <see cref="TaskOf"/> made.</summary>
    public async Task<JobEnd> RunAsync(RunningJob job, CancellationToken canceled)
    {
        var (task, script) = (ParsedRecipe.Accepted)job.Task.Tag!;
        var user = job.User is { } caller ? new JobUser(caller.Username, caller.Email) : new JobUser("secret", "");
        var spec = JobSpec.Of(task, job.Id, job.Arguments.ToArray(), user, TimeProvider.System.GetUtcNow());
        var run = await _runner.RunAsync(
            new ScriptCommand
            {
                JobId = spec.JobId,
                Runas = spec.Runas,
                Filename = spec.Filename!,
                Script = script,
                Arguments = TaskArguments.ForScript(spec.Arguments),
                Environment = JobEnvironment.Of(spec, token: "", TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow()),
                Timeout = spec.Timeout,
            },
            canceled);
        var outcome = OutcomeReader.Read(run, spec, StopReason.Canceled);
        return new JobEnd
        {
            Lifecycle = outcome.Lifecycle.WireName(),
            State = outcome.State.WireName(),
            Output = outcome.Output,
            Result = outcome.Result,
            TriggerName = outcome.TriggerName,
        };
    }

    public void Dispose() => _runner.Dispose();

    private static ReadOnlyMemory<byte>? Bind(TaskDefinition task, ReadOnlyMemory<byte> arguments)
    {
        using var supplied = JsonDocument.Parse(arguments, JsonText.DocumentOptions);
        return TaskArguments.Bind(task, supplied.RootElement) is BoundArguments.Bound bound ? bound.Json : default(ReadOnlyMemory<byte>?);
    }
}
