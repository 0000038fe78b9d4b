using System.Diagnostics;

namespace SyncCluster.Hosting.Telemetry;

/// <summary>
/// What is taken of the trace that a request comes with: W3C's <c>traceparent</c>, if it is one, and of <c>tracestate</c> what the framework takes,
/// 256 characters at most. The sampled flag is dropped unless callers are trusted with it: each of them could have all of its calls recorded.
/// <c>baggage</c> is not taken: it would go on to TheEye with some of a call's requests, and not with others.
/// </summary>
/// <param name="trustsFlag">Whether the flag is believed.</param>
internal sealed class CallerTraceContext(bool trustsFlag)
{
    private readonly DistributedContextPropagator _w3c = DistributedContextPropagator.CreateW3CPropagator();

    /// <summary>The context of a request's caller; null if it has given none, or what is none.</summary>
    /// <param name="headers">The request's headers.</param>
    public ActivityContext? Of(IHeaderDictionary headers)
    {
        _w3c.ExtractTraceIdAndState(headers, Read, out var parent, out var state);
        if (parent is null || !ActivityContext.TryParse(parent, state, isRemote: true, out var context))
        {
            return null;
        }

        return trustsFlag ? context : new(context.TraceId, context.SpanId, ActivityTraceFlags.None, context.TraceState, isRemote: true);
    }

    private static void Read(object? carrier, string name, out string? value, out IEnumerable<string>? values) =>
        (value, values) = (((IHeaderDictionary)carrier!)[name], null);
}
