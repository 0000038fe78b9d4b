namespace SyncCluster.Jobs;

/// <summary>Who waits for a job, as its grain knows them: one subscription a gateway.</summary>
/// <param name="key">The job's <see cref="JobKey"/>.</param>
/// <param name="pushes">How gateways are told.</param>
internal sealed class JobSubscribers(string key, CompletionPublisher pushes)
{
    // Most jobs have one, and there are many jobs.
    private readonly List<(IJobObserver Observer, long Version)> _subscriptions = new(1);

    public int Count => _subscriptions.Count;

    public void Add(Subscription subscription)
    {
        var index = IndexOf(subscription.Observer);
        if (index < 0)
        {
            _subscriptions.Add((subscription.Observer, subscription.Version));
        }
        else if (_subscriptions[index].Version < subscription.Version)
        {
            _subscriptions[index] = _subscriptions[index] with { Version = subscription.Version };
        }
    }

    /// <summary>Takes a gateway off, unless it has subscribed again since.</summary>
    public void Remove(Subscription subscription)
    {
        var index = IndexOf(subscription.Observer);
        if (index >= 0 && _subscriptions[index].Version <= subscription.Version)
        {
            _subscriptions.RemoveAt(index);
        }
    }

    /// <summary>Tells all of the end, and forgets them. Completes when each has heard, or was told in vain.</summary>
    public Task PushAsync(FinishedJob finished)
    {
        var told = _subscriptions.Select(subscription => pushes.PublishAsync(subscription.Observer, finished)).ToArray();
        _subscriptions.Clear();
        return Task.WhenAll(told);
    }

    /// <summary>Tells all to ask again: the next activation does not know them.</summary>
    public void Move()
    {
        foreach (var (observer, _) in _subscriptions)
        {
            observer.Moved(key).Ignore();
        }
    }

    private int IndexOf(IJobObserver observer) => _subscriptions.FindIndex(subscription => subscription.Observer.Equals(observer));
}
