using SyncCluster.Jobs;

namespace SyncCluster.Execution.Local;

public sealed class TicketQueueTests
{
    private readonly Ticket _ticket = new(JobSamples.Spec(), Guid.NewGuid());

    [Fact]
    public async Task Who_waits_gets_what_comes()
    {
        using var queue = new TicketQueue();
        var next = queue.NextAsync(CancellationToken.None);
        Assert.True(queue.TryAdd(_ticket));
        Assert.Same(_ticket, await next);
    }

    [Fact]
    public async Task Who_was_stopped_gets_nothing_and_leaves_it_to_others()
    {
        using var queue = new TicketQueue();
        using var stop = new CancellationTokenSource();
        var stopped = queue.NextAsync(stop.Token);
        await stop.CancelAsync();
        queue.TryAdd(_ticket);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopped);
        Assert.Same(_ticket, await queue.NextAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_closed_queue_gives_out_what_it_has_and_then_tells_all_that_it_is_over()
    {
        using var queue = new TicketQueue();
        queue.TryAdd(_ticket);
        queue.Close();
        queue.Close();
        Assert.False(queue.TryAdd(_ticket));
        Assert.Same(_ticket, await queue.NextAsync(CancellationToken.None));
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => queue.NextAsync(CancellationToken.None))), Assert.Null);
    }
}
