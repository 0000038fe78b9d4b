using SyncCluster.Jobs;

namespace SyncCluster.Execution;

/// <summary>The right to start a job, once.</summary>
/// <param name="Spec">The job.</param>
/// <param name="Attempt">The attempt that stands in storage.</param>
/// <param name="FencedAt">When its write was begun, a timestamp of the silo's clock: who was frozen since may have lost the right.</param>
/// <param name="Tokens">What TheEye may be asked with.</param>
internal readonly record struct Release(JobSpec Spec, Guid Attempt, long FencedAt, CallerTokens Tokens);
