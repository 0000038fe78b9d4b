using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SyncCluster.Execution;

namespace SyncCluster.Overview;

/// <summary>
/// Drains this silo for an operator, on the way of SIGTERM: it takes no more jobs, hands over those that wait, lets those that run end for the time
/// that it is configured with, and its process ends.
/// </summary>
internal sealed partial class SiloDrain(
    IJobExecutor executor, ILocalSiloDetails silo, IClusterMembershipService membership, IHostApplicationLifetime lifetime, ILogger<SiloDrain> logger)
{
    /// <summary>Begins, and does not wait for the end.</summary>
    public DrainReply Begin()
    {
        if (executor.IsStopping || lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return DrainReply.StopsAlready;
        }

        if (!membership.HasOtherActiveSilo(silo.SiloAddress))
        {
            return DrainReply.IsLast;
        }

        LogBegun();

        // What stops does so within the call, and the silo still has to answer.
        ThreadPool.QueueUserWorkItem(_ => lifetime.StopApplication());
        return DrainReply.Begun;
    }

    [LoggerMessage(4531, LogLevel.Information, "An operator has this silo drained: it stops when its running jobs have ended.")]
    private partial void LogBegun();
}
