using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;

namespace SyncCluster.Placement;

/// <summary>
/// Subscribes the gateways of a job that has moved at the silo that owns the job now, so that a job that ends soon does not have to wait until they
/// attach again. That they do is what counts: a handover may fail.
/// </summary>
internal sealed partial class JobHandover : IDisposable
{
    private const int HandoversAtOnce = 64;

    /// <summary>Gateways have attached again by then, and may have left since: an older subscription must not be brought back.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly IGrainFactory _grains;
    private readonly CompletionPublisher _publisher;
    private readonly TimeProvider _timeProvider;
    private readonly RetryPipeline _retries;
    private readonly ILogger<JobHandover> _logger;
    private readonly SemaphoreSlim _slots = new(HandoversAtOnce);

    public JobHandover(IGrainFactory grains, CompletionPublisher publisher, TimeProvider timeProvider, ILogger<JobHandover> logger)
    {
        _grains = grains;
        _publisher = publisher;
        _timeProvider = timeProvider;
        _logger = logger;
        _retries = new(RetryPolicy.Runner, timeProvider, LogAttemptFailed);
    }

    /// <summary>Subscribes a gateway. Returns at once.</summary>
    /// <param name="job">The job's <see cref="JobKey"/>.</param>
    /// <param name="subscription">The gateway's subscription on this silo.</param>
    public void Begin(string job, Subscription subscription)
    {
        var begun = _timeProvider.GetTimestamp();
        _ = Task.Run(() => HandOverAsync(job, subscription, begun));
    }

    /// <inheritdoc/>
    public void Dispose() => _slots.Dispose();

    private async Task HandOverAsync(string job, Subscription subscription, long begun)
    {
        await _slots.WaitAsync();
        try
        {
            var left = Limit - _timeProvider.GetElapsedTime(begun);
            if (left <= TimeSpan.Zero)
            {
                return;
            }

            var (_, reply) = await _retries.ExecuteAsync(job, () => _grains.GetJob(job).Attach(subscription, Reading.Cached), IsOfOwner, left);
            if (reply is JobReply.Finished { Job: var finished })
            {
                await _publisher.PublishAsync(subscription.Observer, finished);
            }
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <summary>A silo that does not know yet that it owns the job does not keep its grain.</summary>
    private static bool IsOfOwner(JobReply reply) => reply is not (JobReply.Unavailable or JobReply.Pending { Leaving: true });
}
