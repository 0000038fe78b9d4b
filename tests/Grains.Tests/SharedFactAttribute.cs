namespace SyncCluster.Grains.Tests;

/// <summary>
/// A fact about the recipe that TheEye publishes with its Sync API, <c>Rest_API_Response.json</c>. The file is not part of this repository: without a
/// folder <c>shared/theeye</c> with the file at or above the tests, the fact is skipped.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SharedFactAttribute : FactAttribute
{
    private const string Recipe = "shared/theeye/Rest_API_Response.json";

    public SharedFactAttribute()
    {
        if (Path is null)
        {
            Skip = $"There is no {Recipe} at or above {AppContext.BaseDirectory}. TheEye publishes the file with its documentation of the Sync API.";
        }
    }

    /// <summary>The recipe's path, or null.</summary>
    public static string? Path { get; } = Find();

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = System.IO.Path.Combine(folder.FullName, Recipe);
            if (File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }
}
