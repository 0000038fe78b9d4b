namespace SyncCluster.Grains.Tests;

/// <summary>
/// A fact about the recipe that TheEye publishes with its Sync API, <c>Rest_API_Response.json</c>. That is not part of this repository; where it
/// does not lie in a folder <c>shared/theeye</c> at or above the tests, the fact is skipped, and says so.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SharedFactAttribute : FactAttribute
{
    private const string Recipe = "shared/theeye/Rest_API_Response.json";

    public SharedFactAttribute()
    {
        if (Path is null)
        {
            Skip = $"{Recipe} is in no folder above {AppContext.BaseDirectory}. TheEye publishes it with its documentation of the Sync API.";
        }
    }

    /// <summary>Where the recipe lies, or null.</summary>
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
