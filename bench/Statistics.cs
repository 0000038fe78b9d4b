namespace SyncCluster.Bench;

/// <summary>Means of values some of which are disturbed, and of few values.</summary>
internal static class Statistics
{
    /// <summary>The 97.5th percentile of Student's distribution, by degrees of freedom from 1.</summary>
    private static readonly double[] Quantiles =
    [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    ];

    /// <summary>The mean, and what the 95 % interval reaches to each side of it. There are to be two values at least.</summary>
    public static (double Mean, double Half) Interval(IReadOnlyCollection<double> values)
    {
        var mean = values.Average();
        var free = values.Count - 1;
        var deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / free);
        return (mean, Quantiles[Math.Min(free, Quantiles.Length) - 1] * deviation / Math.Sqrt(values.Count));
    }

    /// <summary>The mean of the middle half of values: what disturbs single ones does not count.</summary>
    public static double Middle(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(sorted.Length / 4)..(sorted.Length - (sorted.Length / 4))].Average();
    }
}
