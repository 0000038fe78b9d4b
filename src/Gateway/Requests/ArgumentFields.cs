using System.Globalization;
using System.Text;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Requests;

/// <summary>
/// Collects the arguments of a form or a query: first those that name their position, <c>task_arguments[0]=a</c>, then <c>task_arguments=a</c> and
/// <c>task_arguments[]=a</c> in their order. A position that is left out between two others is null: arguments bind by position.
/// </summary>
internal sealed class ArgumentFields
{
    /// <summary>How many fields a form or a query may have, and how many positions it may name.</summary>
    public const int Max = 10_000;

    private const string Name = "task_arguments";

    private readonly List<string> _inOrder = [];
    private readonly SortedDictionary<int, string> _positioned = [];
    private int _fields;
    private Problem? _problem;

    /// <summary>Whether there is an argument, or a problem to report.</summary>
    public bool Any => _problem is not null || _inOrder.Count + _positioned.Count > 0;

    /// <summary>Adds one field; a field that is no argument is only counted.</summary>
    /// <returns>False once all is refused.</returns>
    public bool TryAdd(string name, string value)
    {
        if (++_fields > Max)
        {
            _problem = Problems.TooManyFields;
        }
        else if (name.StartsWith(Name, StringComparison.Ordinal))
        {
            switch (name.AsSpan(Name.Length))
            {
                case "" or "[]":
                    _inOrder.Add(value);
                    break;
                case ['[', .. var position, ']']:
                    AddAt(position, value);
                    break;
            }
        }

        return _problem is null;
    }

    /// <summary>The arguments as a JSON array of strings.</summary>
    public Result<CallPayload> ToPayload(string? accessToken) => _problem is null ? new CallPayload(ToJson(), accessToken) : _problem;

    private void AddAt(ReadOnlySpan<char> position, string value)
    {
        // int.TryParse alone would let trailing NULs through.
        if (position.ContainsAnyExceptInRange('0', '9')
            || !int.TryParse(position, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            || index >= Max)
        {
            _problem = Problems.BadPosition(Name);
        }
        else if (!_positioned.TryAdd(index, value))
        {
            _problem = Problems.PositionTwice(Name, index);
        }
    }

    private byte[] ToJson() => JsonText.Write(json =>
    {
        json.WriteStartArray();
        var next = 0;
        foreach (var (index, value) in _positioned)
        {
            for (; next < index; next++)
            {
                json.WriteNullValue();
            }

            Write(json, value);
            next++;
        }

        foreach (var value in _inOrder)
        {
            Write(json, value);
        }

        json.WriteEndArray();
    });

    // By way of UTF-8, which replaces half of a surrogate pair by U+FFFD: a query may hold one.
    private static void Write(Utf8JsonWriter json, string value) => json.WriteStringValue(Encoding.UTF8.GetBytes(value));
}
