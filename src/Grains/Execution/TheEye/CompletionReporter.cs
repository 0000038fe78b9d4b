using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Execution.TheEye;

/// <summary>Reports the end of a job to its grain until the grain has stored it. Then TheEye may delete the job.</summary>
internal sealed partial class CompletionReporter
{
    private readonly IGrainFactory _grains;
    private readonly ILogger<CompletionReporter> _logger;
    private readonly RetryPipeline _retries;

    public CompletionReporter(IGrainFactory grains, TimeProvider timeProvider, ILogger<CompletionReporter> logger)
    {
        _grains = grains;
        _logger = logger;
        _retries = new(RetryPolicy.Report, timeProvider, LogCallFailed);
    }

    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was canceled before the end was stored.</exception>
    public async Task ReportAsync(MonitoredJob job, JobOutcome outcome, CancellationToken cancellation)
    {
        var completion = await _retries.ExecuteAsync(
            job.Spec.JobId, () => _grains.GetJob(job.Key).CompleteExternal(outcome), answer => answer != Completion.Retry, cancellation);
        LogReported(job.Spec.JobId, completion);
        if (job.Spec.IsInWindow)
        {
            _grains.GetGrainByKey<IJobWindowGrain>(TaskKey.Of(job.Spec.Customer, job.Spec.TaskId)).Leave(job.Spec.JobId).Ignore();
        }
    }
}
