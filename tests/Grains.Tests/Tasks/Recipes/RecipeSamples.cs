using System.Text;
using SyncCluster.Tasks;
using SyncCluster.Tasks.Recipes;

namespace SyncCluster.Grains.Tests.Tasks.Recipes;

internal static class RecipeSamples
{
    public static readonly DateTimeOffset Now = new(2024, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
    public static readonly byte[] Script = "console.log(1)"u8.ToArray();

    public static ParsedRecipe.Refused Refused(string recipe) => Assert.IsType<ParsedRecipe.Refused>(Parse(recipe));

    public static (TaskDefinition Task, byte[] Script) Accepted(string recipe)
    {
        var parsed = Parse(recipe);
        Assert.True(parsed is ParsedRecipe.Accepted, parsed.ToString());
        var accepted = (ParsedRecipe.Accepted)parsed;
        return (accepted.Definition, accepted.Script);
    }

    private static ParsedRecipe Parse(string recipe) => Recipe.TryParse(Encoding.UTF8.GetBytes(recipe), "acme", "t1", [7], Now);

    // A complete recipe, with one more member in its task or its file.
    public static string With((string Member, string Value)? task = null, (string Member, string Value)? file = null) =>
        $$"""{"task":{{Object(["\"type\":\"script\"", "\"name\":\"Task\""], task)}},"file":{{Object(["\"filename\":\"api.js\"", $"\"data\":\"{Convert.ToBase64String(Script)}\""], file)}}}""";

    private static string Object(string[] members, (string Member, string Value)? more) =>
        $"{{{string.Join(',', more is { } last ? [.. members, $"\"{last.Member}\":{last.Value}"] : members)}}}";
}
