using System.Diagnostics;

namespace SyncCluster.Hosting.Telemetry;

/// <summary>
/// What is taken of the trace that a request comes with: W3C's <c>traceparent</c>, if it is one, and of <c>tracestate</c> what the framework takes,
/// 256 characters at most. The sampled flag is dropped unless callers are trusted with it: each of them could have all of its calls recorded.
/// </summary>
/// <param name="trustsFlag">Whether the flag is believed.</param>
internal sealed class CallerTraceContext(bool trustsFlag) : DistributedContextPropagator
{
    private readonly DistributedContextPropagator _w3c = CreateW3CPropagator();

    /// <inheritdoc/>
    public override IReadOnlyCollection<string> Fields => _w3c.Fields;

    /// <inheritdoc/>
    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter) => _w3c.Inject(activity, carrier, setter);

    /// <summary>None: it would go on to TheEye with some of a call's requests, and not with others.</summary>
    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;

    /// <inheritdoc/>
    public override void ExtractTraceIdAndState(object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState)
    {
        _w3c.ExtractTraceIdAndState(carrier, getter, out traceId, out traceState);
        if (traceId is null || !ActivityContext.TryParse(traceId, null, out _))
        {
            (traceId, traceState) = (null, null);
            return;
        }

        if (!trustsFlag)
        {
            traceId = $"{traceId.AsSpan(0, traceId.Length - 2)}00";
        }
    }
}
