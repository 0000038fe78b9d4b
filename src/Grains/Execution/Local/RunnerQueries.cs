using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;

namespace SyncCluster.Execution.Local;

/// <summary>Asks the silo that a job's record names as its runner. That may be this silo or another one.</summary>
internal sealed partial class RunnerQueries(
    RunnerServiceClient runners,
    HeldJobs held,
    ILocalSiloDetails silo,
    IClusterMembershipService membership,
    ILogger<RunnerQueries> logger)
{
    /// <summary>Whether the runner holds the job. True as well if the runner can't be asked and may hold it.</summary>
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
                // Either the silo joined a moment ago, or it left so long ago that the membership table has no entry of it any more.
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
            LogNoAnswer(fault, record.Spec.JobId, runner);

            // A job that is queued on a silo that stops has started nothing. Once it is taken over, its old attempt is not assigned any more.
            return record.Lifecycle != Lifecycle.Ready || !membership.CurrentSnapshot.GetSiloStatus(runner).IsTerminating();
        }
    }

    /// <summary>Stops the job's run. False: the runner does not hold the job, or can't be asked.</summary>
    public async ValueTask<bool> StopAsync(JobRecord record)
    {
        try
        {
            return await runners.On(record.Runner!).Stop(record.Spec.JobId, record.Attempt);
        }
        catch (Exception fault)
        {
            LogNoAnswer(fault, record.Spec.JobId, record.Runner!);
            return false;
        }
    }

    /// <summary>What the job's script has printed from an offset on; null if the runner does not run the job, or can't be asked.</summary>
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
            LogNoAnswer(fault, record.Spec.JobId, record.Runner!);
            return null;
        }
    }
}
