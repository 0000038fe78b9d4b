namespace SyncCluster.TheEye.Jobs;

/// <summary>A job as an agent receives it.</summary>
/// <param name="Id">24 hex digits.</param>
/// <param name="Task">The task, with the tag of the test.</param>
/// <param name="Customer">The task's customer.</param>
/// <param name="User">The caller; null for a call with the task's secret.</param>
/// <param name="Arguments">The JSON array of arguments, as the task binds them.</param>
/// <param name="Run">1 for the first start of the job, 2 for the second…</param>
public sealed record RunningJob(
    string Id, TheEyeTask Task, TheEyeCustomer Customer, TheEyeUser? User, ReadOnlyMemory<byte> Arguments, int Run);
