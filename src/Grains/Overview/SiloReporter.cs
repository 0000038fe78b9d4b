using Microsoft.Extensions.Options;
using SyncCluster.Execution;
using SyncCluster.Quotas;
using SyncCluster.Storage;

namespace SyncCluster.Overview;

/// <summary>Says what this silo does, from what it has in memory.</summary>
internal sealed class SiloReporter(
    IJobExecutor executor, StorageCapacity storage, StoredBytes storedBytes, IOptionsMonitor<JobQuotaOptions> quotas, TimeProvider timeProvider)
{
    /// <summary>Tasks, and customers, that are reported by themselves.</summary>
    private const int Most = 50;

    private readonly DateTimeOffset _startedAt = timeProvider.GetUtcNow();

    /// <param name="customer">Whose jobs are reported by themselves; null: those of all customers.</param>
    public SiloReport Report(string? customer)
    {
        var load = executor.ReadLoad();
        var jobs = load.Jobs.Where(job => customer is null || job.Spec.Customer == customer).ToArray();
        return new()
        {
            Version = ProductVersion.Text,
            StartedAt = _startedAt,
            IsStopping = executor.IsStopping,
            ClockOffset = timeProvider.GetUtcNow() - TimeProvider.System.GetUtcNow(),
            Running = load.Running,
            Capacity = load.Capacity,
            Waiting = load.Jobs.Count(job => job.Waits),
            Queues = [.. QueuesOf(jobs)],
            Customers = [.. CustomersOf(jobs, customer)],
            Storage = [.. storage.Uses],
        };
    }

    private static IEnumerable<TaskQueueReport> QueuesOf(IEnumerable<ExecutorJob> jobs) => jobs
        .Where(job => job.Waits)
        .GroupBy(job => (job.Spec.Customer, job.Spec.TaskId))
        .Select(task => new TaskQueueReport(task.Key.Customer, task.Key.TaskId, task.First().Spec.TaskName, task.Count()))
        .OrderByDescending(task => task.Jobs)
        .Take(Most);

    private IEnumerable<CustomerReport> CustomersOf(IEnumerable<ExecutorJob> jobs, string? customer)
    {
        var options = quotas.CurrentValue;
        var counts = jobs.CountBy(job => job.Spec.Customer).ToDictionary();
        IEnumerable<string> customers = customer is not null ? [customer] : counts.Keys.Union(storedBytes.Customers).Union(options.Customers.Keys);
        return customers
            .Select(name => new CustomerReport(
                name,
                counts.GetValueOrDefault(name),
                options.Customers.GetValueOrDefault(name)?.Jobs ?? options.PerCustomer,
                storedBytes.Of(name),
                options.StoredBytesOf(name)))
            .OrderByDescending(report => report.Jobs)
            .ThenByDescending(report => report.StoredBytes)
            .Take(Most);
    }
}
