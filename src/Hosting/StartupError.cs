using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using SyncCluster.Hosting.Storage;

namespace SyncCluster.Hosting;

/// <summary>Says what an operator has to mend when a server can't start.</summary>
internal static partial class StartupError
{
    private const string HowToListen = "Choose where to listen with --urls http://127.0.0.1:PORT, or in Kestrel:Endpoints.";

    /// <param name="fault">Why the server could not start.</param>
    /// <param name="app">The server; null if it could not be built.</param>
    /// <returns>A sentence for each thing that is wrong; null if it is nothing that an operator can mend.</returns>
    public static string? Describe(Exception fault, WebApplication? app) => fault switch
    {
        OptionsValidationException invalid => string.Join(Environment.NewLine, invalid.Failures),
        AggregateException { InnerExceptions: var several } when several.Select(one => Describe(one, app)).ToArray() is var sentences
            && !sentences.Contains(null) => string.Join(Environment.NewLine, sentences),
        InvalidDataException { InnerException: { } reason } when SettingsFile().Match(fault.Message) is { Success: true } file =>
            $"{file.Groups["path"]} can't be read: {Describe(reason)}",
        InvalidOperationException when Conversion().Match(fault.Message) is { Success: true } setting
            && FindType(setting.Groups["type"].Value) is { } type =>
            ReadableValue.Sentence(setting.Groups["key"].Value, type, setting.Groups["value"].Value),
        FileNotFoundException or DirectoryNotFoundException when FindSetting(fault, app) is { } setting =>
            $"{setting} must be a file that exists, not `{app!.Configuration[setting]}`.",
        IOException { InnerException: AddressInUseException } or SocketException => $"{FirstLine(fault)} {HowToListen}",
        AddressInUseException =>
            "The port of Cluster:SiloPort or that of Cluster:GatewayPort is used by another process: set another one, or 0 for one that is free.",
        CryptographicException => $"The certificate for https can't be used: {FirstLine(fault)} {HowToCertify}",
        InvalidOperationException when fault.Message.Contains("certificate", StringComparison.OrdinalIgnoreCase) =>
            $"There is no certificate for https. {HowToCertify}",
        FormatException or InvalidOperationException when BadAddress().IsMatch(fault.Message) => $"{FirstLine(fault)} {HowToListen}",
        StorageFileException => fault.Message,
        IOException or UnauthorizedAccessException => FirstLine(fault),
        _ => null,
    };

    private static string HowToCertify =>
        "Set Kestrel:Certificates:Default:Path, with :KeyPath or :Password, or the same below Kestrel:Endpoints:NAME:Certificate.";

    private static string Describe(Exception reason) => reason.InnerException is JsonException json
        ? FormattableString.Invariant($"it is not valid JSON at line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}.")
        : FirstLine(reason);

    private static Type? FindType(string name) =>
        AppDomain.CurrentDomain.GetAssemblies().Select(assembly => assembly.GetType(name)).FirstOrDefault(type => type is not null);

    /// <summary>The setting that names the file which the message quotes.</summary>
    private static string? FindSetting(Exception fault, WebApplication? app) => app?.Configuration.AsEnumerable()
        .Where(setting => setting.Value?.Contains('/', StringComparison.Ordinal) == true)
        .FirstOrDefault(setting => fault.Message.Contains($"'{Path.Combine(app.Environment.ContentRootPath, setting.Value!)}'", StringComparison.Ordinal))
        .Key;

    /// <summary>Some of the framework's messages go on with advice for its developers.</summary>
    private static string FirstLine(Exception fault)
    {
        var line = fault.Message.Split('\n', 2)[0].Trim();
        return line.EndsWith('.') ? line : $"{line}.";
    }

    [GeneratedRegex("^Failed to load configuration from file '(?<path>.+)'")]
    private static partial Regex SettingsFile();

    [GeneratedRegex("^Failed to convert configuration value '(?<value>.*)' at '(?<key>[^']+)' to type '(?<type>[^']+)'", RegexOptions.Singleline)]
    private static partial Regex Conversion();

    [GeneratedRegex("^Invalid url|server address")]
    private static partial Regex BadAddress();
}
