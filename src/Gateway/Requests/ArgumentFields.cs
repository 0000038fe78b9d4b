using System.Globalization;
using System.Text;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Requests;

/// <summary>
/// Collects the arguments of a form or a query: <c>task_arguments=a</c> and <c>task_arguments[]=a</c> in their order, after those that name
/// their place, <c>task_arguments[0]=a</c>. A place that is left out between two others is null: arguments bind by position.
/// </summary>
internal sealed class ArgumentFields
{
    /// <summary>How many fields a form or a query may have, and how many places it may name.</summary>
    public const int Max = 10_000;

    private const string Name = "task_arguments";

    private readonly List<string> _inOrder = [];
    private readonly SortedDictionary<int, string> _placed = [];
    private int _fields;
    private string? _fault;

    /// <summary>Takes one field; those that are no argument are only counted.</summary>
    /// <returns>False when all is refused, whatever else follows.</returns>
    public bool TryAdd(string name, string value)
    {
        if (++_fields > Max)
        {
            _fault = string.Create(CultureInfo.InvariantCulture, $"More than {Max} fields. Send many arguments as JSON.");
        }
        else if (name.StartsWith(Name, StringComparison.Ordinal))
        {
            switch (name.AsSpan(Name.Length))
            {
                case "" or "[]":
                    _inOrder.Add(value);
                    break;
                case ['[', .. var place, ']']:
                    Place(place, value);
                    break;
            }
        }

        return _fault is null;
    }

    /// <summary>The arguments as a JSON array of strings, or why they are refused.</summary>
    public CallPayload ToBody(string? accessToken)
    {
        if (_fault is not null)
        {
            return CallPayload.Refused.Bad(_fault);
        }

        return new CallPayload.Arguments(ToJson(), accessToken);
    }

    /// <summary>Whether there is anything to say: an argument, or a fault.</summary>
    public bool Any => _fault is not null || _inOrder.Count + _placed.Count > 0;

    private void Place(ReadOnlySpan<char> place, string value)
    {
        // int.TryParse alone would let trailing NULs through.
        if (place.ContainsAnyExceptInRange('0', '9')
            || !int.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            || index >= Max)
        {
            _fault = string.Create(CultureInfo.InvariantCulture, $"`{Name}[N]` takes a place from 0 to {Max - 1}. Send nested arguments as JSON.");
        }
        else if (!_placed.TryAdd(index, value))
        {
            _fault = string.Create(CultureInfo.InvariantCulture, $"`{Name}[{index}]` is given twice.");
        }
    }

    private byte[] ToJson() => JsonText.Write(json =>
    {
        json.WriteStartArray();
        var next = 0;
        foreach (var (index, value) in _placed)
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

    // By way of UTF-8, where U+FFFD stands for half of a surrogate pair: a query may hold one.
    private static void Write(Utf8JsonWriter json, string value) => json.WriteStringValue(Encoding.UTF8.GetBytes(value));
}
