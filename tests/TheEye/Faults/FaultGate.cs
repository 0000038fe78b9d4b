namespace SyncCluster.TheEye.Faults;

/// <summary>
/// A fault that holds requests until the test opens it, and tells when they have arrived. A request whose client goes away
/// meanwhile is acted upon all the same, as a server would; one whose server stops is not.
/// </summary>
public sealed class FaultGate : Fault
{
    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Fault?> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _acts;
    private int _arrivals;

    private FaultGate(bool acts) => _acts = acts;

    /// <summary>A request has come to the gate: with <see cref="BeforeAnswering"/>, what it asked for is done.</summary>
    public Task Arrived => _arrived.Task;

    /// <summary>How many requests have come to the gate.</summary>
    public int Arrivals => Volatile.Read(ref _arrivals);

    /// <summary>Holds requests that have arrived and are not acted upon.</summary>
    public static FaultGate BeforeActing() => new(acts: false);

    /// <summary>Holds the answers of requests that are acted upon.</summary>
    public static FaultGate BeforeAnswering() => new(acts: true);

    /// <summary>Lets all go on, those too that come later: to what was asked, or into another fault.</summary>
    public void Open(Fault? then = null) => _opened.TrySetResult(then);

    internal override async Task PlayAsync(Exchange exchange)
    {
        if (_acts)
        {
            await exchange.ActAsync();
        }

        Interlocked.Increment(ref _arrivals);
        _arrived.TrySetResult();
        if (await _opened.Task.WaitAsync(exchange.Stopping) is { } then)
        {
            await then.PlayAsync(exchange);
            return;
        }

        await exchange.ReplyAsync(await exchange.ActAsync());
    }
}
