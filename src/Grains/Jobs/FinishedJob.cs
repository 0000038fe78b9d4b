using System.Collections.Concurrent;

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
    /// <summary>The length of a document in bytes from which on its readers share what is made of it: to make it again would be dear.</summary>
    internal const int SharedLength = 64 * 1024;

    /// <summary>A client may ask for elements of the output that there are none of.</summary>
    private const int MaxForms = 32;

    /// <summary>
    /// How long ago the end was stored when this was sent: a duration, since the clocks of two machines differ. Zero from a silo of version 0.1.
    /// </summary>
    [Id(6)]
    public TimeSpan Age { get; init; }

    /// <summary>The job's <see cref="JobSpec.TraceParent"/>.</summary>
    [Id(7)]
    public string? TraceParent { get; init; }

    [NonSerialized]
    private ConcurrentDictionary<object, Lazy<object?>>? _forms;

    /// <summary>Whether this is what is left of a job that was removed: it has no answer any more.</summary>
    public bool IsRemoved => Fault == ServerOutcomes.Removed;

    /// <summary><see cref="JobDocument.WithoutEnvironment"/> of the document.</summary>
    internal byte[] DocumentWithoutEnvironment =>
        FormOf(nameof(DocumentWithoutEnvironment), static (job, _) => JobDocument.WithoutEnvironment(job.Document))!;

    /// <summary>What is made of the document for its readers. Of a large one it is made once for all of them, and held as long as this object.</summary>
    /// <param name="form">What it is: equal for the same thing.</param>
    /// <param name="make">Makes it; by the form and the job alone.</param>
    internal T? FormOf<TForm, T>(TForm form, Func<FinishedJob, TForm, T?> make)
        where TForm : notnull
        where T : class => Document.Length < SharedLength ? make(this, form) : SharedFormOf(form, make);

    // Apart, so that a small document takes no closure.
    private T? SharedFormOf<TForm, T>(TForm form, Func<FinishedJob, TForm, T?> make)
        where TForm : notnull
        where T : class
    {
        var forms = LazyInitializer.EnsureInitialized(ref _forms);
        if (!forms.TryGetValue(form, out var made))
        {
            if (forms.Count >= MaxForms)
            {
                return make(this, form);
            }

            made = forms.GetOrAdd(form, _ => new Lazy<object?>(() => make(this, form)));
        }

        return (T?)made.Value;
    }
}
