using System.Collections;

namespace SyncCluster.Jobs;

/// <summary>What a line of the log is about: a scope. It is made into text only where a line is shown with it.</summary>
/// <param name="customer">The customer; null if it is not known.</param>
/// <param name="task">The task's id; null if it is not known.</param>
/// <param name="job">The job's id; null if there is none yet.</param>
internal sealed class JobScope(string? customer, string? task, string? job) : IEnumerable<KeyValuePair<string, object?>>
{
    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        if (customer is not null)
        {
            yield return new("Customer", customer);
        }

        if (!string.IsNullOrEmpty(task))
        {
            yield return new("TaskId", task);
        }

        if (job is not null)
        {
            yield return new("JobId", job);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(' ', this.Select(part => $"{part.Key}:{part.Value}"));

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
