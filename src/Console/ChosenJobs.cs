namespace SyncCluster.WebConsole;

/// <summary>What is done with the jobs that somebody has chosen from a list.</summary>
/// <param name="Name">In addresses and forms: <c>cancel</c> or <c>remove</c>.</param>
/// <param name="Verb">On buttons.</param>
/// <param name="Done">Of a job to which it was done.</param>
public sealed record ChosenAction(string Name, string Verb, string Done)
{
    public static ChosenAction Cancel { get; } = new("cancel", "Cancel", "Canceled.");

    public static ChosenAction Remove { get; } = new("remove", "Delete", "Deleted.");

    /// <summary>The one of a name; null if there is none.</summary>
    public static ChosenAction? Find(string name) => name == Cancel.Name ? Cancel : name == Remove.Name ? Remove : null;
}

/// <summary>A job that was chosen.</summary>
/// <param name="Job">The job as far as the visitor may see it.</param>
/// <param name="Note">What will become of it, or has, or why nothing.</param>
/// <param name="IsMeant">Whether it will be done to this one; of what was done, whether it was.</param>
public sealed record ChosenJob(ListedJob Job, string Note, bool IsMeant);
