using Microsoft.Extensions.Logging;

namespace SyncCluster.Jobs;

/// <summary>Who waits for a job, as its grain knows them: one subscription a gateway.</summary>
/// <param name="key">The job's <see cref="JobKey"/>.</param>
/// <param name="timeProvider">Whose time passes between pushes.</param>
/// <param name="logger">Of the grain.</param>
internal sealed partial class JobSubscribers(string key, TimeProvider timeProvider, ILogger logger)
{
    private const int Pushes = 3;
    private static readonly TimeSpan PushPause = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<IJobObserver, long> _versions = [];

    public int Count => _versions.Count;

    public void Add(Subscription subscription) =>
        _versions[subscription.Observer] = Math.Max(subscription.Version, _versions.GetValueOrDefault(subscription.Observer));

    /// <summary>Takes a gateway off, unless it has subscribed again since.</summary>
    public void Remove(Subscription subscription)
    {
        if (_versions.TryGetValue(subscription.Observer, out var version) && version <= subscription.Version)
        {
            _versions.Remove(subscription.Observer);
        }
    }

    /// <summary>Tells all of the end, and forgets them. Completes when each has heard, or was told in vain.</summary>
    public Task PushAsync(FinishedJob finished)
    {
        var pushes = _versions.Keys.Select(observer => PushAsync(observer, finished)).ToArray();
        _versions.Clear();
        return Task.WhenAll(pushes);
    }

    /// <summary>Tells all to ask again: the next activation does not know them.</summary>
    public void Move()
    {
        foreach (var observer in _versions.Keys)
        {
            observer.Moved(key).Ignore();
        }
    }

    private async Task PushAsync(IJobObserver observer, FinishedJob finished)
    {
        for (var pushes = 1; pushes <= Pushes; pushes++)
        {
            try
            {
                await observer.Completed(finished);
                return;
            }
            catch (Exception fault)
            {
                LogPushFailed(fault, finished.Key, pushes);
                await Task.Delay(PushPause * pushes, timeProvider);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Pushing the end of {Job} to a gateway failed, push {Pushes}.")]
    private partial void LogPushFailed(Exception fault, string job, int pushes);
}
