namespace SyncCluster.Jobs;

/// <summary>The gateways that wait for a job: one subscription each.</summary>
/// <param name="key">The job's <see cref="JobKey"/>.</param>
/// <param name="publisher">Sends completions to gateways.</param>
internal sealed class JobSubscribers(string key, CompletionPublisher publisher)
{
    // Most jobs have one subscription, and there are many jobs.
    private readonly List<(IJobObserver Observer, long Version)> _subscriptions = new(1);

    public int Count => _subscriptions.Count;

    public IEnumerable<Subscription> All => _subscriptions.Select(subscription => new Subscription(subscription.Observer, subscription.Version));

    public IEnumerable<GrainId> Gateways => _subscriptions.Select(subscription => subscription.Observer.GetGrainId());

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

    /// <summary>Removes a gateway, unless it has subscribed again since.</summary>
    public void Remove(Subscription subscription)
    {
        var index = IndexOf(subscription.Observer);
        if (index >= 0 && _subscriptions[index].Version <= subscription.Version)
        {
            _subscriptions.RemoveAt(index);
        }
    }

    /// <summary>Sends the completion to all gateways and removes them.</summary>
    /// <param name="finished">The finished job.</param>
    /// <param name="published">Called when each gateway has acknowledged it, or three tries have failed: on any thread, and not in a turn of the grain.</param>
    public async Task PublishAsync(FinishedJob finished, Action published)
    {
        var sent = _subscriptions.Select(subscription => publisher.PublishAsync(subscription.Observer, finished)).ToArray();
        _subscriptions.Clear();
        await (sent is [var only] ? only : Task.WhenAll(sent)).ConfigureAwait(false);
        published();
    }

    /// <summary>Asks all gateways to attach again: the next activation does not know them.</summary>
    public void NotifyMoved()
    {
        foreach (var (observer, _) in _subscriptions)
        {
            observer.Moved(key).Ignore();
        }
    }

    private int IndexOf(IJobObserver observer) => _subscriptions.FindIndex(subscription => subscription.Observer.Equals(observer));
}
