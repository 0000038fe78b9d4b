using System.Globalization;
using System.Text.Json.Nodes;

namespace SyncCluster.Bench;

/// <summary>Rows of text and numbers; null: not measured.</summary>
internal sealed class Table(params string[] columns)
{
    private readonly List<object?[]> _rows = [];

    public void Add(params object?[] row) => _rows.Add(row);

    /// <summary>Writes it as Markdown.</summary>
    public void WriteTo(TextWriter output)
    {
        output.WriteLine(Line(columns));
        output.WriteLine(Line(columns.Select((_, column) => _rows.TrueForAll(row => row[column] is not string) ? "---:" : "---")));
        foreach (var row in _rows)
        {
            output.WriteLine(Line(row.Select(Text)));
        }

        output.WriteLine();
    }

    /// <summary>An object for each row.</summary>
    public JsonArray ToJson() =>
        [.. _rows.Select(row => new JsonObject(columns.Zip(row, (column, cell) => KeyValuePair.Create(column, JsonValueOf(cell)))))];

    private static string Line(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";

    private static string Text(object? cell) => cell switch
    {
        null => "–",
        double number => number.ToString(Math.Abs(number) < 100 ? "0.0" : "0", CultureInfo.InvariantCulture),
        _ => Convert.ToString(cell, CultureInfo.InvariantCulture)!,
    };

    private static JsonNode? JsonValueOf(object? cell) => cell switch
    {
        null => null,
        double number => Math.Round(number, 3),
        int number => number,
        _ => Text(cell),
    };
}
