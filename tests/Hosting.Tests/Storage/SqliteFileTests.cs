using System.Runtime.Versioning;
using System.Text;
using Microsoft.Data.Sqlite;
using SyncCluster.Hosting.Storage;

namespace SyncCluster.Hosting.Tests.Storage;

/// <summary>A file that can't be used is refused with a sentence that says what to do.</summary>
public sealed class SqliteFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;

    private string Data => Path.Combine(_folder, "data");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    [SupportedOSPlatform("linux")]
    public void The_folder_and_the_file_are_for_their_owner_only()
    {
        using var file = SqliteFile.Open(Data, isSynchronous: true);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Data));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file.Path));
    }

    [Fact]
    public void A_commit_is_on_disk_when_it_is_acknowledged_unless_that_is_turned_off()
    {
        using (var file = SqliteFile.Open(Data, isSynchronous: true))
        {
            Assert.Equal(2, SqliteFile.Read(file.Writer, "PRAGMA synchronous"));
            Assert.Equal(1, SqliteFile.Read(file.Writer, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"));
        }

        using var loose = SqliteFile.Open(Data, isSynchronous: false);
        Assert.Equal(1, SqliteFile.Read(loose.Writer, "PRAGMA synchronous"));
    }

    [Fact]
    public void A_folder_that_another_server_uses_is_refused()
    {
        using (SqliteFile.Open(Data, isSynchronous: true))
        {
            Assert.StartsWith($"Another server uses the folder {Data}.", Refusal(), StringComparison.Ordinal);
        }

        using var file = SqliteFile.Open(Data, isSynchronous: true);
    }

    [Fact]
    public void A_folder_that_can_not_be_made_is_refused()
    {
        File.WriteAllText(Data, "");
        Assert.StartsWith($"The folder {Data} of Storage:Path can't be used: ", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_none_of_SQLite_is_refused_and_kept()
    {
        Directory.CreateDirectory(Data);
        var path = Path.Combine(Data, SqliteFile.Name);
        File.WriteAllText(path, new string('x', 10_000));
        Assert.StartsWith($"The file {SqliteFile.Name} in {Data} is damaged.", Refusal(), StringComparison.Ordinal);
        Assert.Equal(10_000, new FileInfo(path).Length);
    }

    [Fact]
    public async Task A_damaged_file_of_a_server_that_was_killed_is_refused()
    {
        using var database = new TestDatabase();
        foreach (var number in Enumerable.Range(0, 200))
        {
            await database.Database.WriteAsync(TestDatabase.Key($"{number}"), null, TestDatabase.Row(1000));
        }

        database.Close();
        Directory.CreateDirectory(Data);
        var damaged = Path.Combine(Data, SqliteFile.Name);
        File.Copy(database.File, damaged);
        database.Open();
        using (var file = File.OpenWrite(damaged))
        {
            file.Position = file.Length / 2 / 4096 * 4096;
            file.Write(Encoding.ASCII.GetBytes(new string('x', 4096)));
        }

        File.WriteAllText($"{damaged}-wal", "cut off");
        Assert.StartsWith($"The file {SqliteFile.Name} in {Data} is damaged. Put a back-up in its place", Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PRAGMA user_version = 3", "was written by a newer version of SyncCluster. Start that version")]
    [InlineData("PRAGMA application_id = 7", "is not a file of SyncCluster.")]
    public void A_file_of_another_program_or_of_a_newer_version_is_refused(string change, string message)
    {
        using (var file = SqliteFile.Open(Data, isSynchronous: true))
        {
            SqliteFile.Execute(file.Writer, change);
        }

        Assert.Contains(message, Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_an_older_version_is_taken_over()
    {
        using var database = new TestDatabase();
        var key = TestDatabase.Key("a");
        var etag = await database.Database.WriteAsync(key, null, TestDatabase.Row(1));
        database.Close();
        using (var connection = new SqliteConnection($"Data Source={database.File};Pooling=false"))
        {
            connection.Open();
            SqliteFile.Execute(connection, "DROP INDEX record_entry; ALTER TABLE record DROP COLUMN entry; PRAGMA user_version = 1");
        }

        for (var start = 0; start < 2; start++)
        {
            database.Open();
            Assert.Equal(etag, database.Database.Read(key)!.ETag);
            etag = await database.Database.WriteAsync(key, etag, TestDatabase.Row(1) with { Customer = "acme", ListEntry = [1] });
            Assert.Equal(1, database.Query("SELECT count(*) FROM record INDEXED BY record_entry WHERE customer = 'acme' AND entry IS NOT NULL"));
            database.Close();
        }

        database.Open();
    }

    private string Refusal() => Assert.Throws<StorageFileException>(() => SqliteFile.Open(Data, isSynchronous: true).Dispose()).Message;
}
