using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Jobs;

namespace SyncCluster.Execution.Local;

/// <summary>
/// Hands the jobs that wait on a silo that stops over to another silo, if there is one. They have started nothing: the grain of each releases it
/// again once this silo does not hold it any more.
/// </summary>
internal sealed partial class QueueHandover
{
    private const int HandoversAtOnce = 64;
    private const string ServerStopped = "The server was stopped before the job's turn came. Nothing was run: call the task again.";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly JobQueues _queues;
    private readonly HeldJobs _held;
    private readonly IGrainFactory _grains;
    private readonly ILocalSiloDetails _silo;
    private readonly IClusterMembershipService _membership;
    private readonly LocalExecutorOptions _options;
    private readonly RetryPipeline _retries;
    private readonly ILogger<QueueHandover> _logger;

    public QueueHandover(
        JobQueues queues,
        HeldJobs held,
        IGrainFactory grains,
        ILocalSiloDetails silo,
        IClusterMembershipService membership,
        IOptions<LocalExecutorOptions> options,
        TimeProvider timeProvider,
        ILogger<QueueHandover> logger)
    {
        _queues = queues;
        _held = held;
        _grains = grains;
        _silo = silo;
        _membership = membership;
        _options = options.Value;
        _retries = new(RetryPolicy.Runner, timeProvider, LogCallFailed);
        _logger = logger;
    }

    /// <summary>Hands over the jobs in the queues, and those that are still added to them, until they are closed and empty.</summary>
    public Task HandOverQueuesAsync() => Task.WhenAll(
        from queue in _queues.All
        from handover in Enumerable.Range(0, HandoversAtOnce)
        select HandOverAsync(queue));

    private async Task HandOverAsync(FairJobScheduler queue)
    {
        while (await queue.TakeForHandoverAsync() is { } job)
        {
            await HandOverAsync(job);
        }
    }

    /// <summary>Hands one job over.</summary>
    public async Task HandOverAsync(QueuedJob job)
    {
        _held.Remove(job);
        var grain = _grains.GetJob(job.Key);
        if (!_membership.HasOtherActiveSilo(_silo.SiloAddress))
        {
            if (_options.JobsEndWithTheProcess)
            {
                await EndUnrunAsync(job, grain);
            }

            return;
        }

        // Any call that asks for the job has its grain release it again, once the grain is active on another silo. There may be none meanwhile.
        var (_, reply) = await _retries.ExecuteAsync(
            job.Spec.JobId,
            async () => _membership.HasOtherActiveSilo(_silo.SiloAddress) ? await grain.Attach(null, Reading.Fresh) : null,
            reply => reply is not JobReply.Unavailable,
            Limit);
        if (reply is not null)
        {
            LogHandedOver(job.Spec.JobId);
        }
        else
        {
            LogNotHandedOver(job.Spec.JobId);
        }
    }

    /// <summary>No silo will ever run the job. Its callers are told that, and may call again.</summary>
    private async Task EndUnrunAsync(QueuedJob job, IJobGrain grain)
    {
        var run = Guid.NewGuid();
        try
        {
            if (await grain.Assign(job.Attempt, run, _silo.SiloAddress) == Assignment.Granted)
            {
                await grain.Complete(run, ServerOutcomes.NotRun(ServerStopped));
            }
        }
        catch (Exception fault)
        {
            LogCallFailed(fault, job.Spec.JobId);
        }
    }
}
