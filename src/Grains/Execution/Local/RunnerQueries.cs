using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;

namespace SyncCluster.Execution.Local;

/// <summary>Asks the silo that a job's record names as its runner, this one or another.</summary>
internal sealed partial class RunnerQueries(
    RunnerServiceClient runners,
    HeldJobs held,
    ILocalSiloDetails silo,
    IClusterMembershipService membership,
    ILogger<RunnerQueries> logger)
{
    /// <summary>Whether the job's runner holds it, or may hold it since it can't be asked.</summary>
    public async ValueTask<bool> MayHoldAsync(JobRecord record)
    {
        var runner = record.Runner!;
        if (runner.Equals(silo.SiloAddress))
        {
            return held.Contains(record.Spec.JobId, record.Attempt);
        }

        try
        {
            var status = membership.CurrentSnapshot.GetSiloStatus(runner);
            if (status == SiloStatus.None)
            {
                // Either it joined a moment ago, or it has been gone for so long that the membership table has no entry of it any more.
                await membership.Refresh();
                status = membership.CurrentSnapshot.GetSiloStatus(runner);
            }

            if (status is SiloStatus.Dead or SiloStatus.None)
            {
                return false;
            }

            return await runners.On(runner).Holds(record.Spec.JobId, record.Attempt);
        }
        catch (Exception fault)
        {
            LogNoWord(fault, record.Spec.JobId, runner);

            // A job in the queue of a silo that stops has started nothing, and its attempt may start nothing once it is taken over.
            return record.Lifecycle != Lifecycle.Ready || !membership.CurrentSnapshot.GetSiloStatus(runner).IsTerminating();
        }
    }

    /// <summary>Stops the job's run. False: its runner does not hold it, or can't be asked.</summary>
    public async ValueTask<bool> StopAsync(JobRecord record)
    {
        try
        {
            return await runners.On(record.Runner!).Stop(record.Spec.JobId, record.Attempt);
        }
        catch (Exception fault)
        {
            LogNoWord(fault, record.Spec.JobId, record.Runner!);
            return false;
        }
    }

    /// <summary>What the job's script has printed from an offset on; null if its runner does not run it, or can't be asked.</summary>
    public async ValueTask<JobLog?> ReadLogAsync(JobRecord record, long from)
    {
        try
        {
            return record.Runner!.Equals(silo.SiloAddress)
                ? held.ReadLog(record.Spec.JobId, record.Attempt, from)
                : await runners.On(record.Runner).ReadLog(record.Spec.JobId, record.Attempt, from);
        }
        catch (Exception fault)
        {
            LogNoWord(fault, record.Spec.JobId, record.Runner!);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job}: no word from its runner on {Silo}.")]
    private partial void LogNoWord(Exception fault, string job, SiloAddress silo);
}
