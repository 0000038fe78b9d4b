namespace SyncCluster.Jobs;

/// <summary>Who waits for a job, as its grain knows them: one subscription a gateway.</summary>
/// <param name="key">The job's <see cref="JobKey"/>.</param>
/// <param name="pushes">How gateways are told.</param>
internal sealed class JobSubscribers(string key, GatewayPushes pushes)
{
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
        var told = _versions.Keys.Select(observer => pushes.PushAsync(observer, finished)).ToArray();
        _versions.Clear();
        return Task.WhenAll(told);
    }

    /// <summary>Tells all to ask again: the next activation does not know them.</summary>
    public void Move()
    {
        foreach (var observer in _versions.Keys)
        {
            observer.Moved(key).Ignore();
        }
    }
}
