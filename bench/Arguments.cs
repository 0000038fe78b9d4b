using System.Globalization;

namespace SyncCluster.Bench;

/// <summary>Options of the form <c>--name value</c>.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = [];

    /// <exception cref="ArgumentException">A word has another form.</exception>
    public static Arguments Parse(string[] words)
    {
        var arguments = new Arguments();
        foreach (var pair in words.Chunk(2))
        {
            if (pair is not [['-', '-', .. var name], var value])
            {
                throw new ArgumentException($"Options have the form --name value: {string.Join(' ', pair)}.");
            }

            arguments._values[name] = value;
        }

        return arguments;
    }

    /// <exception cref="ArgumentException">Another option is given.</exception>
    public void Allow(params string[] names)
    {
        if (_values.Keys.Except(names).FirstOrDefault() is { } unknown)
        {
            throw new ArgumentException($"There is no option --{unknown}.");
        }
    }

    public string? Text(string name) => _values.GetValueOrDefault(name);

    /// <exception cref="ArgumentException">It is not a whole number above 0.</exception>
    public int Number(string name, int standard) => Text(name) is not { } text ? standard
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number
        : throw new ArgumentException($"--{name} must be a whole number above 0.");
}
