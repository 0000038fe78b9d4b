namespace SyncCluster.Bench;

/// <summary>Where a figure should come out.</summary>
/// <param name="What">What is measured, with its unit.</param>
/// <param name="Limit">The figure should be at most this.</param>
/// <param name="Value">What it is.</param>
/// <param name="Floor">What the same is of bare Kestrel in the same run, or of what else it stands beside; null where there is no such thing.</param>
internal sealed record Goal(string What, double Limit, double Value, double? Floor)
{
    public bool IsReached => Value <= Limit;
}
