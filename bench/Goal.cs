namespace SyncCluster.Bench;

/// <summary>A figure and its limit.</summary>
/// <param name="What">What is measured, with its unit.</param>
/// <param name="Limit">The highest value that reaches the goal.</param>
/// <param name="Value">The figure.</param>
/// <param name="Floor">The same figure of bare Kestrel, or of another baseline, in the same run; null where there is none.</param>
internal sealed record Goal(string What, double Limit, double Value, double? Floor)
{
    public bool IsReached => Value <= Limit;
}
