namespace SyncCluster.TheEye.Faults;

/// <summary>
/// A fault that holds requests until the test opens it, and tells when they have arrived. A request is executed even if its client
/// disconnects in the meantime, but not if the server stops.
/// </summary>
public sealed class FaultGate : Fault
{
    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Fault?> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _acts;
    private int _arrivals;

    private FaultGate(bool acts) => _acts = acts;

    /// <summary>Completes when a request has arrived at the gate. With <see cref="BeforeAnswering"/>, it was executed by then.</summary>
    public Task Arrived => _arrived.Task;

    /// <summary>How many requests have arrived at the gate.</summary>
    public int Arrivals => Volatile.Read(ref _arrivals);

    /// <summary>Holds requests before they are executed.</summary>
    public static FaultGate BeforeActing() => new(acts: false);

    /// <summary>Executes requests, and holds their answers.</summary>
    public static FaultGate BeforeAnswering() => new(acts: true);

    /// <summary>Lets all requests continue, later ones included: to their execution and answer, or to another fault.</summary>
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
