namespace SyncCluster.Tasks;

/// <summary>What came of reading a recipe.</summary>
internal abstract record RecipeReading
{
    private RecipeReading()
    {
    }

    /// <param name="Task">What it makes.</param>
    /// <param name="Script">The script's bytes; empty for a task without a script.</param>
    internal sealed record Accepted(TaskDefinition Task, byte[] Script) : RecipeReading;

    /// <param name="Status">400 where it is no recipe, 422 where it can't be run here.</param>
    /// <param name="Message">What is wrong and what to do.</param>
    internal sealed record Refused(int Status, string Message) : RecipeReading;
}

/// <summary>Leaves the reading of a recipe; never leaves <see cref="Recipe"/>.</summary>
internal sealed class RecipeException(int status, string message) : Exception(message)
{
    public RecipeReading.Refused Refusal => new(status, Message);

    /// <summary>A recipe that can't be run here.</summary>
    public static RecipeException Unusable(string message) => new(422, message);
}
