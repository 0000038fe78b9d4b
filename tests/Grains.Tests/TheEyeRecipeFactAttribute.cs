namespace SyncCluster.Tests;

/// <summary>
/// A test of the recipe that TheEye publishes with its Sync API, <c>Rest_API_Response.json</c>. The file is not part of this repository: the test is skipped
/// where it is in no folder <c>shared/theeye</c> at or above the tests. Gateway.Tests compiles this file, too.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public class TheEyeRecipeFactAttribute : FactAttribute
{
    private const string Recipe = "shared/theeye/Rest_API_Response.json";

    public TheEyeRecipeFactAttribute()
    {
        if (RecipePath is null)
        {
            Skip = $"There is no {Recipe} at or above {AppContext.BaseDirectory}. TheEye publishes the file with its documentation of the Sync API.";
        }
    }

    /// <summary>Where the recipe is; null where it was not found.</summary>
    public static string? RecipePath { get; } = Find();

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, Recipe);
            if (File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }
}
