using SyncCluster.Jobs;

namespace SyncCluster.Execution;

/// <summary>What an executor has to do on its silo.</summary>
/// <param name="Running">Scripts that run; where others run them, jobs that it asks about.</param>
/// <param name="Capacity">How many may run at once; null where others run them.</param>
/// <param name="Jobs">The jobs that it holds.</param>
internal sealed record ExecutorLoad(int Running, int? Capacity, IReadOnlyCollection<ExecutorJob> Jobs);

/// <param name="Spec">The job.</param>
/// <param name="Waits">Whether its script has not started.</param>
internal readonly record struct ExecutorJob(JobSpec Spec, bool Waits);
