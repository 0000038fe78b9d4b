using SyncCluster.Jobs;

namespace SyncCluster.Execution;

/// <summary>The right to start a job, once.</summary>
/// <param name="Spec">The job.</param>
/// <param name="Attempt">The attempt that stands in storage.</param>
/// <param name="FencedAt">When the attempt's write was begun, by the silo's clock. A process that was frozen since may have lost the right.</param>
/// <param name="Tokens">The callers' tokens, for requests to TheEye.</param>
internal readonly record struct Release(JobSpec Spec, Guid Attempt, long FencedAt, CallerTokens Tokens);
