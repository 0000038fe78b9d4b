namespace SyncCluster.Harness.Telemetry;

/// <summary>A span, as a receiver has got it.</summary>
/// <param name="TraceId">Lowercase hex digits.</param>
/// <param name="Id">Lowercase hex digits.</param>
/// <param name="ParentId">Lowercase hex digits; empty for none.</param>
/// <param name="Name">What it is.</param>
/// <param name="State">W3C's <c>tracestate</c>.</param>
/// <param name="Attributes">Those whose values are texts or integers.</param>
/// <param name="Links">The ids of the traces that it is linked to.</param>
public sealed record Span(
    string TraceId, string Id, string ParentId, string Name, string State, IReadOnlyDictionary<string, string> Attributes, IReadOnlyList<string> Links)
{
    /// <summary>What has sent it: its <c>service.name</c>.</summary>
    public string Service { get; init; } = "";

    /// <summary>The value of an attribute; null if it has none.</summary>
    public string? this[string attribute] => Attributes.GetValueOrDefault(attribute);
}
