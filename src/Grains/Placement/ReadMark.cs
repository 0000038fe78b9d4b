namespace SyncCluster.Placement;

/// <summary>When an activation has begun to read its grain's state, and as what it saw the cluster. <see cref="JobOwners.Mark"/> makes one.</summary>
/// <param name="At">The timestamp.</param>
/// <param name="Version">The version of the cluster's membership.</param>
internal readonly record struct ReadMark(long At, MembershipVersion Version);
