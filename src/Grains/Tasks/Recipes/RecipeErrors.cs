namespace SyncCluster.Tasks.Recipes;

/// <summary>The errors in a recipe. Only the first one is reported.</summary>
internal sealed class RecipeErrors
{
    public string? First { get; private set; }

    public void Add(string error) => First ??= error;
}
