namespace SyncCluster.Cluster.Tests.Clusters;

/// <summary>As <see cref="ClusterFactAttribute"/>, with data.</summary>
internal sealed class ClusterTheoryAttribute : TheoryAttribute
{
    public ClusterTheoryAttribute() => Skip = ClusterFactAttribute.SkipReason;
}
