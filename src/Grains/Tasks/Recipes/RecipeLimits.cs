using System.Text.Json;

namespace SyncCluster.Tasks.Recipes;

/// <summary>The limits of a recipe's task. TheEye has no such member.</summary>
internal static class RecipeLimits
{
    private const string FileSize = "file_size";
    private const string Data = "data";
    private const string Cpu = "cpu";
    private const string Memory = "memory";
    private const string Processes = "processes";

    /// <summary>The limits; null if there are none.</summary>
    public static TaskLimits? Read(RecipeFields task, RecipeErrors errors)
    {
        if (task.Find("limits") is not { } json)
        {
            return null;
        }

        if (json.ValueKind != JsonValueKind.Object)
        {
            task.AddError("limits", "must be an object");
            return null;
        }

        foreach (var member in json.EnumerateObject().Where(member => !IsLimit(member.Name)))
        {
            // A limit that is misspelled would not hold.
            task.AddError("limits", $"may have {FileSize}, {Data}, {Cpu}, {Memory} and {Processes}, and has another member");
        }

        var fields = new RecipeFields(json, "task.limits", errors);
        var limits = new TaskLimits
        {
            FileSize = fields.PositiveNumber(FileSize, long.MaxValue),
            Data = fields.PositiveNumber(Data, long.MaxValue),
            Cpu = fields.PositiveNumber(Cpu, int.MaxValue) is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null,
            Memory = fields.PositiveNumber(Memory, long.MaxValue),
            Processes = (int?)fields.PositiveNumber(Processes, int.MaxValue),
        };
        return limits == new TaskLimits() ? null : limits;
    }

    private static bool IsLimit(string name) => name is FileSize or Data or Cpu or Memory or Processes;
}
