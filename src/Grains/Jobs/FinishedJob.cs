namespace SyncCluster.Jobs;

/// <summary>A job that has ended, as it is sent to its waiters.</summary>
/// <param name="Key">Its <see cref="JobKey"/>.</param>
/// <param name="Lifecycle">Its lifecycle at the end.</param>
/// <param name="State">Its state at the end.</param>
/// <param name="Document">JSON, UTF-8.</param>
/// <param name="Access">Who may see it.</param>
/// <param name="Fault">Why the job has no answer and no document; null if it has them.</param>
[GenerateSerializer, Immutable, Alias("sync.job.finished")]
public sealed record FinishedJob(
    [property: Id(0)] string Key,
    [property: Id(1)] Lifecycle Lifecycle,
    [property: Id(2)] JobState State,
    [property: Id(3)] byte[] Document,
    [property: Id(4)] JobAccess Access,
    [property: Id(5)] string? Fault = null)
{
    [NonSerialized]
    private byte[]? _documentWithoutEnvironment;

    /// <summary><see cref="JobDocument.WithoutEnvironment"/> of the document, made once for all waiters of the job.</summary>
    internal byte[] DocumentWithoutEnvironment => _documentWithoutEnvironment ??= JobDocument.WithoutEnvironment(Document);
}
