namespace SyncCluster.Tasks;

/// <summary>The result of binding supplied values to a task's arguments.</summary>
internal abstract record BoundArguments
{
    private BoundArguments()
    {
    }

    /// <param name="Json">UTF-8, an array: one value for each of the task's arguments, in their order.</param>
    /// <param name="Words">The command-line arguments of the script.</param>
    internal sealed record Bound(byte[] Json, IReadOnlyList<string> Words) : BoundArguments;

    /// <param name="Message">What is wrong, for an answer with the status 400.</param>
    internal sealed record Refused(string Message) : BoundArguments;
}
