using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Backends.Local;

/// <summary>Asks the job of a script that calls a task, and waits for it, whether its script runs, and which jobs wait for it in turn.</summary>
internal sealed partial class ParentReader
{
    private readonly IGrainFactory _grains;
    private readonly TimeSpan _patience;
    private readonly RetryPipeline _retries;
    private readonly ILogger<ParentReader> _logger;

    public ParentReader(IGrainFactory grains, IOptions<WaitingOptions> waiting, TimeProvider timeProvider, ILogger<ParentReader> logger)
    {
        _grains = grains;
        _patience = waiting.Value.Silence;
        _logger = logger;
        _retries = new(RetryPolicy.Lookup, timeProvider, LogNoAnswer);
    }

    /// <summary>The ancestors of a new job.</summary>
    /// <param name="task">The called task.</param>
    /// <param name="parent">What the script has shown. Its job must be of the task's customer.</param>
    /// <param name="deadline">When the call must be answered.</param>
    public async Task<Result<string[]>> FindAncestorsAsync(TaskDefinition task, JobToken parent, Deadline deadline)
    {
        var grain = _grains.GetJob(JobKey.Of(task.Customer, parent.JobId));
        var (_, reply) = await _retries.ExecuteAsync(
            parent.JobId,
            () => grain.AskAsParent(parent.Run),
            answer => answer is not ParentReply.Unavailable,
            deadline.Remaining < _patience ? deadline.Remaining : _patience);
        return reply switch
        {
            ParentReply.Running { Tasks.Length: > JobSpec.MaxDepth } => Problems.NestedTooDeep,
            ParentReply.Running { Tasks: var tasks } when !task.Multitasking && tasks.Contains(task.Id) => Problems.WaitsForItself,
            ParentReply.Running { Tasks: var tasks } => tasks,
            ParentReply.NotRunning => Problems.NoSuchParent,
            _ => Problems.Unreachable,
        };
    }
}
